// The page a reset link leads to: a new password, typed twice.

import { blame, byId, forgive, openMailedLink, say, texts } from './mailed-link.js';

const MESSAGE_OF_FIELD = { missing: 'field_missing', too_short: 'field_too_short', too_long: 'field_too_long', malformed: 'field_malformed', password_blocked: 'field_blocked' };

const form = byId('reset-form');
const pointAtFields = () => say(texts.look_at_fields, 'bad');
const reset = openMailedLink({
  form,
  // The answer marks this browser as known to the account.
  credentials: 'same-origin',
  messageOf: {
    reset_token_invalid: 'used',
    reset_token_expired: 'expired',
    rate_limited: 'rate_limited',
    server_busy: 'busy',
    service_unavailable: 'busy',
  },
  fieldText: (error) => texts[MESSAGE_OF_FIELD[error.code]] ?? error.message,
  pointAtFields,
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  forgive(form);
  const [password, again] = ['password', 'password-again'].map(byId);
  // Code points, as the server counts them.
  const length = [...password.value].length;
  if (length < password.minLength) {
    blame(password, length === 0 ? texts.field_missing : texts.field_too_short);
    pointAtFields();
    password.focus();
  } else if (password.value !== again.value) {
    blame(again, texts.unequal);
    say(texts.unequal, 'bad');
    again.focus();
  } else {
    reset({ password: password.value });
  }
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
