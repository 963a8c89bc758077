// The page a verification link leads to. Opening it proves nothing, because mail scanners open links: a click does. The
// token stands in the fragment, is taken out of the address bar at once, and lives in this variable alone.

const MESSAGE_OF = {
  verification_token_invalid: 'used',
  verification_token_expired: 'expired',
  rate_limited: 'rate_limited',
  service_unavailable: 'busy',
};
const LINK_IS_DEAD = new Set(['verification_token_invalid', 'verification_token_expired']);

const byId = (id) => document.getElementById(id);
const texts = Object.fromEntries(
  [...byId('texts').content.querySelectorAll('p')].map((p) => [p.dataset.key, p.textContent]),
);
const [heading, status, verifyForm, againForm, email] = ['heading', 'status', 'verify-form', 'again-form', 'email'].map(byId);
let token = null;
let busy = false;

/** Says something in the status region, which screen readers announce. */
function say(text, kind) {
  const p = document.createElement('p');
  p.textContent = text;
  status.className = `message ${kind}`;
  status.replaceChildren(p);
}

function silence() {
  status.className = '';
  status.replaceChildren();
}

function blame(text) {
  email.setAttribute('aria-invalid', 'true');
  byId('email-error').textContent = text;
  email.focus();
}

function forgive() {
  email.removeAttribute('aria-invalid');
  byId('email-error').textContent = '';
}

/** Takes the token from the fragment; without one, offers a new link. */
function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get('token');
  if (found !== null) history.replaceState(null, '', location.pathname + location.search);
  token = found || null;
  verifyForm.hidden = token === null;
  againForm.hidden = token !== null;
  if (token === null) say(texts.no_token, 'bad');
  else silence();
}

/** Posts one JSON object; a problem without a readable body counts as one without a code. */
async function post(form, fields) {
  const response = await fetch(form.dataset.endpoint, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  });
  const body = await response.json().catch(() => ({}));
  return { ok: response.ok, body };
}

/** Shows what a problem says, beside the field where it names one. */
function explain(problem) {
  say(texts[MESSAGE_OF[problem.code]] ?? texts.failed, 'bad');
  if ((problem.errors ?? []).some((error) => error.field === 'email')) {
    silence();
    blame(texts.field_malformed);
  }
}

/** Sends a form once at a time, and tells whoever waits. */
async function send(form, fields, done) {
  if (busy) return;
  busy = true;
  const button = form.querySelector('[type="submit"]');
  button.setAttribute('aria-disabled', 'true');
  say(texts.sending, 'busy');
  try {
    const answer = await post(form, fields);
    if (answer.ok) done();
    else if (LINK_IS_DEAD.has(answer.body.code)) offerNewLink(answer.body.code);
    else explain(answer.body);
  } catch {
    say(texts.unreachable, 'bad');
  } finally {
    busy = false;
    button.removeAttribute('aria-disabled');
  }
}

function offerNewLink(code) {
  token = null;
  verifyForm.hidden = true;
  againForm.hidden = false;
  say(texts[MESSAGE_OF[code]], 'bad');
  email.focus();
}

function isDone() {
  token = null;
  verifyForm.hidden = true;
  againForm.hidden = true;
  byId('unasked').hidden = true;
  heading.textContent = texts.done_title;
  document.title = texts.done_title;
  say(texts.done, 'good');
  heading.focus();
}

verifyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  void send(verifyForm, { token }, isDone);
});

againForm.addEventListener('submit', (event) => {
  event.preventDefault();
  forgive();
  const address = email.value.trim();
  if (address === '') {
    blame(texts.field_missing);
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
