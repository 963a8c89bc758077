// Demo account → forgot password → the development inbox → the mail → the link → a new password → sign in.
// Its argument has newPassword as well.

import { WAIT_MS, api, note, options, otherErrors, post, report, signIn, travel, waitForMails } from './mailed_link.mjs';

const resetPage = `${options.origin}/reset-password/${options.namespace}`;
const SETTLED_MS = 400;

/** Clicks a link and returns the page it leads to, in whichever tab that is. */
async function follow(page, selector) {
  const link = page.locator(selector).first();
  const opensTab = (await link.getAttribute('target')) === '_blank';
  const arrived = opensTab ? page.context().waitForEvent('page') : page.waitForNavigation();
  await link.click();
  const there = opensTab ? await arrived : page;
  await arrived;
  await there.waitForLoadState('load');
  return there;
}

/** Fills the form in and sends it; returns the server's answer and what the page then says. */
async function submit(page, password, { byKeyboard }) {
  await page.fill('#password', password);
  await page.fill('#password-again', password);
  const before = (await page.textContent('#status')) ?? '';
  const answered = page.waitForResponse((response) => response.url() === `${api}/reset-password`);
  await (byKeyboard ? page.press('#password-again', 'Enter') : page.click('#submit'));
  const status = (await answered).status();
  return { status, said: await nextStatus(page, before) };
}

/** The text of the status region, once it differs from `before` and has stopped changing ("Sending…" is no end). */
async function nextStatus(page, before) {
  const deadline = Date.now() + WAIT_MS;
  let last = { text: before.trim(), since: Date.now() };
  for (;;) {
    const text = (await page.locator('#status').textContent()).trim();
    if (text !== last.text) last = { text, since: Date.now() };
    if (text !== '' && text !== before.trim() && Date.now() - last.since > SETTLED_MS) return text;
    if (Date.now() > deadline) throw new Error(`the status region still says "${text}"`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function askForLink() {
  const answer = await post('forgot-password', { email: options.email }, { 'Accept-Language': options.locale });
  report('forgot-password without redirect_to answers 200', answer.status === 200, JSON.stringify(answer));
  const [mail] = await waitForMails(1);
  const fields = ['id', 'at', 'to', 'subject', 'text', 'html', 'message_id'];
  const missing = fields.filter((name) => !mail[name]);
  report('/dev/inbox.json has every field of a mail', missing.length === 0, `missing or empty: ${missing}`);
  note('subject', mail.subject);
}

async function openMail(page, gallery) {
  await page.goto(`${options.origin}/dev/inbox`);
  const count = await page.locator('a.mail').count();
  report('the inbox lists one mail', count === 1, `it lists ${count}`);
  await gallery.photograph(page, 'inbox');
  const mailPage = await follow(page, 'a.mail');
  report('a mail has its own page', /\/dev\/inbox\/[^/]+$/.test(new URL(mailPage.url()).pathname), mailPage.url());
  const href = await mailPage.locator('pre.text a.link, a.link').first().getAttribute('href');
  report("the link leads to the server's own page", href.startsWith(`${resetPage}#token=`), href);
  const sandbox = await mailPage.locator('iframe').first().getAttribute('sandbox');
  const isShut = sandbox !== null && !/allow-scripts|allow-same-origin/.test(sandbox);
  report('the HTML part is in a sandbox without scripts', isShut, sandbox);
  await gallery.photograph(mailPage, 'mail');
  return { mailPage, link: href };
}

async function refuseUnequal(page) {
  let sent = 0;
  const count = (request) => (sent += request.method() === 'POST' ? 1 : 0);
  page.on('request', count);
  await page.fill('#password', options.newPassword);
  await page.fill('#password-again', `${options.newPassword}x`);
  const before = (await page.textContent('#status')) ?? '';
  await page.click('#submit');
  const said = await nextStatus(page, before);
  page.off('request', count);
  report('two unequal passwords are refused on the spot', sent === 0 && said !== '', `${sent} requests; ${said}`);
}

async function checkForm(page) {
  const lang = (await page.getAttribute('html', 'lang')) ?? '';
  const wanted = options.locale.slice(0, 2);
  report(`the reset page is in ${wanted}`, lang.startsWith(wanted), `lang="${lang}"`);
  const role = await page.getAttribute('#status', 'role');
  report('the status region is announced', role === 'status' || role === 'alert', `role="${role}"`);
  for (const id of ['password', 'password-again']) {
    const type = await page.getAttribute(`#${id}`, 'type');
    report(`#${id} hides what is typed`, type === 'password', type);
    const complete = await page.getAttribute(`#${id}`, 'autocomplete');
    report(`#${id} is known to password managers`, complete === 'new-password', complete);
    const labels = await page.evaluate((name) => document.getElementById(name).labels.length, id);
    report(`#${id} has a label`, labels > 0, `${labels} labels`);
  }
}

async function checkSignIn(when) {
  const fresh = await signIn(options.newPassword);
  report(`${when} the new password signs in`, fresh.status === 200, fresh.text);
  const old = await signIn(options.password);
  report(`${when} the old password is refused`, old.status === 401, old.text);
}

async function journey(context, witness, gallery) {
  await askForLink();
  const { mailPage, link } = await openMail(await context.newPage(), gallery);
  const page = await follow(mailPage, 'a.link');
  report('the link opens the reset page', page.url().startsWith(resetPage), page.url());
  await checkForm(page);
  await gallery.photograph(page, 'reset');
  await refuseUnequal(page);
  const done = await submit(page, options.newPassword, { byKeyboard: options.locale.startsWith('nb') });
  report('the new password is taken', done.status === 200, `${done.status}: ${done.said}`);
  note('success', done.said);
  await gallery.photograph(page, 'success');
  await checkSignIn('after the reset');
  const errors = witness.takeConsoleErrors();
  report('nothing is wrong in the console', errors.length === 0, errors.join('\n'));
  return { link, said: done.said };
}

async function useLinkAgain(context, witness, gallery, { link, said }) {
  const page = await context.newPage();
  await page.goto(link);
  const again = await submit(page, `${options.newPassword}?`, { byKeyboard: false });
  report('a used link is refused', again.status >= 400 && again.status < 500, `${again.status}`);
  report('a used link is explained', again.said !== '' && again.said !== said, again.said);
  note('used link', again.said);
  await gallery.photograph(page, 'used-link');
  const isGone = await page.locator('#password').isHidden();
  report('a used link asks for no password any more', isGone, 'the form is still there');
  await askOnThePage(page);
  const errors = otherErrors(witness);
  report('a used link puts nothing else into the console', errors.length === 0, errors.join('\n'));
  await checkSignIn('after the used link');
}

/** A dead link is not the end: its page sends a new one. */
async function askOnThePage(page) {
  const before = (await waitForMails(1)).length;
  await page.fill('#email', options.email);
  const said = (await page.textContent('#status')).trim();
  await page.press('#email', 'Enter');
  const answer = await nextStatus(page, said);
  report('the page of a dead link sends a new one', (await waitForMails(before + 1)).length > before, answer);
  note('new link', answer);
}

async function openWithoutToken(context, witness, gallery) {
  const page = await context.newPage();
  await page.goto(resetPage);
  const said = await nextStatus(page, '');
  report('a link without its token is explained', said !== '', said);
  note('no token', said);
  await gallery.photograph(page, 'no-token');
  const errors = witness.takeConsoleErrors();
  report('a link without its token puts nothing into the console', errors.length === 0, errors.join('\n'));
}

await travel(async (context, witness, gallery) => {
  const outcome = await journey(context, witness, gallery);
  await useLinkAgain(context, witness, gallery, outcome);
  await openWithoutToken(context, witness, gallery);
  return outcome.link;
});
