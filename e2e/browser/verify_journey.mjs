// Sign-up where addresses must be verified → the mail → the link → a click → sign in; and what a dead link leads to.
// Takes one argument, a JSON object with origin, locale, email, password, namespace, browser, screenshots.
// Prints one JSON line for each check: {"claim", "ok", "detail"}.

import { chromium } from 'playwright-core';
import { checkAccessibility } from './accessibility.mjs';
import { Gallery } from './gallery.mjs';
import { Witness } from './witness.mjs';

const options = JSON.parse(process.argv[2]);
const api = `${options.origin}/api/${options.namespace}/auth`;
const verifyPage = `${options.origin}/verify-email/${options.namespace}`;
const WAIT_MS = 30_000;

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

function report(claim, ok, detail) {
  console.log(JSON.stringify({ claim, ok: Boolean(ok), detail: ok ? undefined : detail }));
}

function note(name, text) {
  console.log(JSON.stringify({ note: `verification: ${name}`, text }));
}

async function post(endpoint, fields) {
  const response = await fetch(`${api}/${endpoint}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Accept-Language': options.locale },
    body: JSON.stringify(fields),
  });
  return { status: response.status, text: await response.text() };
}

const signIn = () => post('sign-in', { email: options.email, password: options.password });

/** Waits until the inbox holds `count` mails; the newest comes first. */
async function waitForMails(count) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const mails = await (await fetch(`${options.origin}/dev/inbox.json`)).json();
    if (mails.length >= count) return mails;
    if (Date.now() > deadline) throw new Error(`the inbox holds ${mails.length} mail(s), ${count} awaited`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

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
  const made = await post('sign-up', { email: options.email, password: options.password });
  report('sign-up answers 201', made.status === 201, made.text);
  const [mail] = await waitForMails(1);
  note('subject', mail.subject);
  const link = linkIn(mail);
  report("the mail leads to the server's own page", link !== undefined, mail.text);
  report('an account that waits does not sign in', (await signIn()).status === 401, 'it does');
  const page = await context.newPage();
  await page.goto(link);
  await page.locator('#verify-form').waitFor({ state: 'visible' });
  report('the token is taken out of the address bar', page.url() === verifyPage, page.url());
  const lang = (await page.getAttribute('html', 'lang')) ?? '';
  report('the page is in the language asked for', lang === options.locale.slice(0, 2), lang);
  report('opening the page proves nothing', (await signIn()).status === 401, 'it signs in');
  await checkAccessibility(page, 'verification', report);
  await gallery.photograph(page, 'verify');
  const done = await click(page, 'verify-form', 'verify-email');
  report('a click verifies the address', done.status === 200, `${done.status}: ${done.said}`);
  note('success', done.said);
  await gallery.photograph(page, 'verified');
  const signedIn = await signIn();
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

const browser = await chromium.launch({ executablePath: options.browser, args: FLAGS, headless: true });
try {
  const context = await browser.newContext({ locale: options.locale });
  context.setDefaultTimeout(WAIT_MS);
  const witness = new Witness(context, options.origin);
  await witness.install(context);
  const gallery = new Gallery(options.screenshots, options.locale, report);
  const link = await journey(context, gallery);
  await useLinkAgain(context, link, gallery);
  await openWithoutToken(context);
  // The browser itself logs a refused fetch; nothing else may stand in the console.
  const errors = witness.takeConsoleErrors().filter((line) => !line.includes('Failed to load resource'));
  report('nothing else is in the console', errors.length === 0, errors.join('\n'));
  const { violations, strangers } = witness;
  report('no Content-Security-Policy is violated', violations.length === 0, violations.join('\n'));
  report('no page asks another host for anything', strangers.length === 0, strangers.join('\n'));
  const token = link.split('#token=')[1];
  const told = witness.urls.filter((url) => url.split('#')[0].includes(token));
  report('the token is in no requested address', told.length === 0, told.join('\n'));
} finally {
  await browser.close();
}
