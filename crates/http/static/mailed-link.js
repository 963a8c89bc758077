// What the pages of mailed links share. The token stands in the fragment, which no server and no log sees; it is taken out
// of the address bar at once and lives in one variable of the page alone. A dead link gives way to a form that asks for a
// new one.

export const byId = (id) => document.getElementById(id);
export const texts = Object.fromEntries(
  [...byId('texts').content.querySelectorAll('p')].map((p) => [p.dataset.key, p.textContent]),
);
const [heading, status, againForm, email] = ['heading', 'status', 'again-form', 'email'].map(byId);
/** What problems are told as that mean that the link is of no use any more. */
const LINK_IS_DEAD = ['used', 'expired'];

/** Says something in the status region, which screen readers announce. */
export function say(text, kind) {
  const p = document.createElement('p');
  p.textContent = text;
  status.className = `message ${kind}`;
  status.replaceChildren(p);
}

export function silence() {
  status.className = '';
  status.replaceChildren();
}

export function blame(input, text) {
  input.setAttribute('aria-invalid', 'true');
  byId(`${input.id}-error`).textContent = text;
}

export function forgive(form) {
  for (const input of form.querySelectorAll('input')) {
    input.removeAttribute('aria-invalid');
    byId(`${input.id}-error`).textContent = '';
  }
}

/** Posts one JSON object; a problem without a readable body counts as one without a code. */
async function post(form, fields, credentials) {
  const response = await fetch(form.dataset.endpoint, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
    credentials,
    referrerPolicy: 'no-referrer',
  });
  const body = await response.json().catch(() => ({}));
  return { ok: response.ok, body };
}

/**
 * Runs the page whose `form` uses the token up. `messageOf` names the text for each code of a problem, `fieldText` gives the
 * text for an error of one field, and `pointAtFields` says that there are some. Returns what sends the form with more fields
 * beside the token.
 */
export function openMailedLink({ form, credentials, messageOf, fieldText, pointAtFields }) {
  let token = null;
  let busy = false;

  /** Takes the token from the fragment; without one, offers a new link. */
  function takeToken() {
    const found = new URLSearchParams(location.hash.slice(1)).get('token');
    if (found !== null) history.replaceState(null, '', location.pathname + location.search);
    token = found || null;
    form.hidden = token === null;
    againForm.hidden = token !== null;
    if (token === null) say(texts.no_token, 'bad');
    else silence();
  }

  /** Shows what a problem says, beside the fields it names. */
  function explain(sent, problem) {
    say(texts[messageOf[problem.code]] ?? texts.failed, 'bad');
    let first = null;
    for (const error of problem.errors ?? []) {
      const input = sent.elements.namedItem(error.field);
      if (!(input instanceof HTMLInputElement)) continue;
      blame(input, fieldText(error));
      first ??= input;
    }
    if (first) {
      pointAtFields();
      first.focus();
    }
  }

  /** Sends a form once at a time, and tells whoever waits. */
  async function send(sent, fields, done) {
    if (busy) return;
    busy = true;
    const button = sent.querySelector('[type="submit"]');
    button.setAttribute('aria-disabled', 'true');
    say(texts.sending, 'busy');
    try {
      const answer = await post(sent, fields, credentials);
      if (answer.ok) done();
      else if (LINK_IS_DEAD.includes(messageOf[answer.body.code])) offerNewLink(answer.body.code);
      else explain(sent, answer.body);
    } catch {
      say(texts.unreachable, 'bad');
    } finally {
      busy = false;
      button.removeAttribute('aria-disabled');
    }
  }

  function offerNewLink(code) {
    token = null;
    form.reset();
    form.hidden = true;
    againForm.hidden = false;
    say(texts[messageOf[code]], 'bad');
    email.focus();
  }

  function isDone() {
    token = null;
    form.reset();
    form.hidden = true;
    againForm.hidden = true;
    byId('unasked').hidden = true;
    heading.textContent = texts.done_title;
    document.title = texts.done_title;
    say(texts.done, 'good');
    heading.focus();
  }

  againForm.addEventListener('submit', (event) => {
    event.preventDefault();
    forgive(againForm);
    const address = email.value.trim();
    if (address === '') {
      blame(email, texts.field_missing);
      email.focus();
      return;
    }
    void send(againForm, { email: address }, () => {
      againForm.hidden = true;
      say(texts.sent_again, 'good');
    });
  });
  // The same link opened again in this tab changes the fragment alone.
  addEventListener('hashchange', takeToken);
  takeToken();
  return (fields) => void send(form, { token, ...fields }, isDone);
}
