// The page a mailed link leads to. The token stands in the fragment, which no server and no log sees; it is taken out of
// the address bar at once and lives in this variable alone.

const MESSAGE_OF = {
  reset_token_invalid: 'used',
  reset_token_expired: 'expired',
  rate_limited: 'rate_limited',
  server_busy: 'busy',
  service_unavailable: 'busy',
};
const MESSAGE_OF_FIELD = { missing: 'field_missing', too_short: 'field_too_short', too_long: 'field_too_long', malformed: 'field_malformed' };
const LINK_IS_DEAD = new Set(['reset_token_invalid', 'reset_token_expired']);

const byId = (id) => document.getElementById(id);
const texts = Object.fromEntries(
  [...byId('texts').content.querySelectorAll('p')].map((p) => [p.dataset.key, p.textContent]),
);
const [heading, status, resetForm, againForm] = ['heading', 'status', 'reset-form', 'again-form'].map(byId);
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

function blame(input, text) {
  input.setAttribute('aria-invalid', 'true');
  byId(`${input.id}-error`).textContent = text;
}

function forgive(form) {
  for (const input of form.querySelectorAll('input')) {
    input.removeAttribute('aria-invalid');
    byId(`${input.id}-error`).textContent = '';
  }
}

/** Takes the token from the fragment; without one, offers a new link. */
function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get('token');
  if (found !== null) history.replaceState(null, '', location.pathname + location.search);
  token = found || null;
  resetForm.hidden = token === null;
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
    // The answer marks this browser as known to the account.
    credentials: 'same-origin',
    referrerPolicy: 'no-referrer',
  });
  const body = await response.json().catch(() => ({}));
  return { ok: response.ok, body };
}

function fieldText(error) {
  return texts[MESSAGE_OF_FIELD[error.code]] ?? error.message;
}

/** Shows what a problem says, beside the fields it names. */
function explain(form, problem) {
  say(texts[MESSAGE_OF[problem.code]] ?? texts.failed, 'bad');
  let first = null;
  for (const error of problem.errors ?? []) {
    const input = form.elements.namedItem(error.field);
    if (!(input instanceof HTMLInputElement)) continue;
    blame(input, fieldText(error));
    first ??= input;
  }
  if (first) {
    say(texts.look_at_fields, 'bad');
    first.focus();
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
    else explain(form, answer.body);
  } catch {
    say(texts.unreachable, 'bad');
  } finally {
    busy = false;
    button.removeAttribute('aria-disabled');
  }
}

function offerNewLink(code) {
  token = null;
  resetForm.reset();
  resetForm.hidden = true;
  againForm.hidden = false;
  say(texts[MESSAGE_OF[code]], 'bad');
  byId('email').focus();
}

function isDone() {
  token = null;
  resetForm.reset();
  resetForm.hidden = true;
  againForm.hidden = true;
  byId('unasked').hidden = true;
  heading.textContent = texts.done_title;
  document.title = texts.done_title;
  say(texts.done, 'good');
  heading.focus();
}

resetForm.addEventListener('submit', (event) => {
  event.preventDefault();
  forgive(resetForm);
  const [password, again] = ['password', 'password-again'].map(byId);
  // Code points, as the server counts them.
  const length = [...password.value].length;
  if (length < password.minLength) {
    blame(password, length === 0 ? texts.field_missing : texts.field_too_short);
    say(texts.look_at_fields, 'bad');
    password.focus();
  } else if (password.value !== again.value) {
    blame(again, texts.unequal);
    say(texts.unequal, 'bad');
    again.focus();
  } else {
    void send(resetForm, { token, password: password.value }, isDone);
  }
});

againForm.addEventListener('submit', (event) => {
  event.preventDefault();
  forgive(againForm);
  const email = byId('email');
  if (email.value.trim() === '') {
    blame(email, texts.field_missing);
    email.focus();
    return;
  }
  void send(againForm, { email: email.value.trim() }, () => {
    resetForm.hidden = true;
    againForm.hidden = true;
    say(texts.sent_again, 'good');
  });
});

for (const button of document.querySelectorAll('.reveal')) {
  const shows = button.textContent;
  button.addEventListener('click', () => {
    const inputs = button.dataset.for.split(' ').map(byId);
    const reveal = inputs[0].type === 'password';
    for (const input of inputs) input.type = reveal ? 'text' : 'password';
    button.textContent = reveal ? button.dataset.hide : shows;
  });
}

// The same link opened again in this tab changes the fragment alone.
addEventListener('hashchange', takeToken);
takeToken();
