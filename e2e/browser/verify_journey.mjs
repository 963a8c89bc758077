// Sign-up where addresses must be verified → the mail → the link → a click → sign in; and what a dead link leads to.

import { checkAccessibility } from './accessibility.mjs';
import { api, note as noteOf, options, otherErrors, post, report, signIn, travel, waitForMails } from './mailed_link.mjs';

const verifyPage = `${options.origin}/verify-email/${options.namespace}`;
const LANGUAGE = { 'Accept-Language': options.locale };

const note = (name, text) => noteOf(`verification: ${name}`, text);
const signsIn = () => signIn(options.password);
const linkIn = (mail) => mail.text.split(/\s/).find((word) => word.startsWith(`${verifyPage}#token=`));

/** Clicks, waits for the answer, and gives what the page then says. */
async function click(page, form, call) {
  const answered = page.waitForResponse((response) => response.url() === `${api}/${call}`);
  await page.click(`#${form} [type="submit"]`);
  const status = (await answered).status();
  await page.locator('#status:not(.busy)').waitFor();
  return { status, said: (await page.textContent('#status')).trim() };
}

async function journey(context, gallery) {
  const made = await post('sign-up', { email: options.email, password: options.password }, LANGUAGE);
  report('sign-up answers 201', made.status === 201, made.text);
  const [mail] = await waitForMails(1);
  note('subject', mail.subject);
  const link = linkIn(mail);
  report("the mail leads to the server's own page", link !== undefined, mail.text);
  report('an account that waits does not sign in', (await signsIn()).status === 401, 'it does');
  const page = await context.newPage();
  await page.goto(link);
  await page.locator('#verify-form').waitFor({ state: 'visible' });
  report('the token is taken out of the address bar', page.url() === verifyPage, page.url());
  const lang = (await page.getAttribute('html', 'lang')) ?? '';
  report('the page is in the language asked for', lang === options.locale.slice(0, 2), lang);
  report('opening the page proves nothing', (await signsIn()).status === 401, 'it signs in');
  await checkAccessibility(page, 'verification', report);
  await gallery.photograph(page, 'verify');
  const done = await click(page, 'verify-form', 'verify-email');
  report('a click verifies the address', done.status === 200, `${done.status}: ${done.said}`);
  note('success', done.said);
  await gallery.photograph(page, 'verified');
  const signedIn = await signsIn();
  report('then the account signs in', signedIn.status === 200, signedIn.text);
  return link;
}

async function useLinkAgain(context, link, gallery) {
  const page = await context.newPage();
  await page.goto(link);
  const again = await click(page, 'verify-form', 'verify-email');
  report('a used link is refused', again.status === 400, `${again.status}`);
  note('used link', again.said);
  report('a used link shows no button any more', await page.locator('#verify-form').isHidden(), 'it is still there');
  await gallery.photograph(page, 'verify-used');
  await page.fill('#email', options.email);
  const asked = await click(page, 'again-form', 'resend-verification');
  report('the page of a dead link asks for a new one', asked.status === 202, `${asked.status}: ${asked.said}`);
  note('new link', asked.said);
}

async function openWithoutToken(context) {
  const page = await context.newPage();
  await page.goto(verifyPage);
  await page.locator('#again-form').waitFor({ state: 'visible' });
  note('no token', (await page.textContent('#status')).trim());
  await page.click('#again-form [type="submit"]');
  const blamed = await page.getAttribute('#email', 'aria-invalid');
  report('an empty address is refused on the spot', blamed === 'true', `aria-invalid="${blamed}"`);
}

await travel(async (context, witness, gallery) => {
  const link = await journey(context, gallery);
  await useLinkAgain(context, link, gallery);
  await openWithoutToken(context);
  const errors = otherErrors(witness);
  report('nothing else is in the console', errors.length === 0, errors.join('\n'));
  return link;
});
