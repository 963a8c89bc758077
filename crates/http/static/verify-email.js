// The page a verification link leads to. Opening it proves nothing, because mail scanners open links: a click does.

import { byId, openMailedLink, silence, texts } from './mailed-link.js';

const form = byId('verify-form');
const verify = openMailedLink({
  form,
  credentials: 'omit',
  messageOf: {
    verification_token_invalid: 'used',
    verification_token_expired: 'expired',
    rate_limited: 'rate_limited',
    service_unavailable: 'busy',
  },
  fieldText: () => texts.field_malformed,
  pointAtFields: silence,
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  verify();
});
