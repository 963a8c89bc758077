// A developer's way through the documentation: index → endpoint → snippet → copy → the console: sign in, refresh, sign out.
// Takes one argument, a JSON object with origin, browser, reference, namespace, email, cookieSession, screenshots.
// Prints one JSON line for each check: {"claim", "ok", "detail"}.

import { chromium } from 'playwright-core';
import { checkAccessibility } from './accessibility.mjs';
import { Console } from './console_driver.mjs';
import { Gallery } from './gallery.mjs';
import { Witness } from './witness.mjs';

const options = JSON.parse(process.argv[2]);
const WAIT_MS = 30_000;
const DESKTOP = { width: 1440, height: 900 };
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

function report(claim, ok, detail) {
  console.log(JSON.stringify({ claim, ok: Boolean(ok), detail: ok ? undefined : String(detail) }));
}

const visibleCode = (page, endpoint) => page.locator(`#${endpoint} .samples .code:visible`);

async function findTheEndpoint(page) {
  await page.goto(`${options.origin}/`);
  report('/ leads to the documentation', new URL(page.url()).pathname === '/docs', page.url());
  await page.locator('#namespaces ~ .cards h3 a').first().click();
  await page.waitForURL(`${options.origin}${options.reference}`);
  const counted = Number((await page.textContent('#quick-index')).split(' ')[0]);
  const shown = await page.locator('article.endpoint').count();
  report('the count of endpoint methods is right', counted === shown && shown > 0, `${counted}, ${shown}`);
  await page.locator('.calls.index a').first().click();
  report('the quick index leads to an endpoint', new URL(page.url()).hash === '#sign-in', page.url());
  await page.locator('#sign-in').waitFor({ state: 'visible' });
}

async function chooseALanguage(page) {
  const first = await visibleCode(page, 'sign-in').getAttribute('data-language');
  report('Node.js axios comes first', first === 'node-js-axios', first);
  await page.locator('#sign-in .tabs input').first().focus();
  await page.keyboard.press('ArrowRight');
  for (const endpoint of ['sign-in', 'refresh']) {
    const chosen = await visibleCode(page, endpoint).getAttribute('data-language');
    report(`the keyboard chooses cURL, for ${endpoint} too`, chosen === 'curl', chosen);
  }
  await page.reload();
  const remembered = await visibleCode(page, 'sign-out').getAttribute('data-language');
  report('the language is remembered', remembered === 'curl', remembered);
}

async function copyACode(page) {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const block = visibleCode(page, 'sign-in');
  await block.locator('button.copy').click();
  await page.waitForFunction(() => document.getElementById('announcer').textContent !== '');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const code = await block.locator('code').textContent();
  report('the copy is the code, letter for letter', copied === code && code.includes('curl'), copied);
}

async function tryIt(page) {
  await page.locator('#sign-in a.try').click();
  await page.waitForURL(/\/docs\/console#/);
  const driver = new Console(page, options);
  const signedIn = await driver.send('POST', 'sign-in');
  report('the console signs in with the demo account', signedIn.status === 200, signedIn.status);
  const bar = await driver.barSays(options.email);
  report('the console says who is signed in', bar.includes(options.email), bar);
  const me = await driver.send('GET', 'me');
  report('the next call carries the token by itself', me.status === 200 && me.authorization, JSON.stringify(me));
  const refreshed = await driver.send('POST', 'refresh');
  report('the console refreshes', refreshed.status === 200, JSON.stringify(refreshed));
  const again = await driver.send('GET', 'me');
  const isNewer = again.status === 200 && again.authorization !== me.authorization;
  report('and carries the newer token from then on', isNewer, JSON.stringify([me, again]));
  await keepsNothing(page, [me.authorization, again.authorization].map((header) => header.slice('Bearer '.length)));
  const signedOut = await driver.send('POST', 'sign-out');
  report('the console signs out', signedOut.status === 200, JSON.stringify(signedOut));
  const after = await driver.send('GET', 'me');
  report('after that no token is carried', after.status === 401 && !after.authorization, JSON.stringify(after));
  await checkAccessibility(page, 'console (our bar)', report, '#token-bar');
}

/** Nothing that a browser keeps holds a token. */
async function keepsNothing(page, tokens) {
  const kept = await page.evaluate(async () => {
    const databases = await indexedDB.databases();
    const caches = await globalThis.caches.keys();
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, databases, caches, document.cookie]);
  });
  const cookies = await page.context().cookies();
  report('the console keeps no token', tokens.every((token) => token && !kept.includes(token)), kept);
  report('the console takes no cookie', cookies.length === 0, JSON.stringify(cookies));
}

async function useTheCookie(page) {
  await page.goto(`${options.origin}/docs/guides/cookies-or-tokens`);
  const said = await page.evaluate(`(async () => {${options.cookieSession}})()`);
  report("the cookie guide's code runs in a page", said === `${options.email}: Sign-out successful.`, said);
}

async function withoutJavaScript(browser) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: DESKTOP });
  const page = await context.newPage();
  await page.goto(`${options.origin}${options.reference}`);
  await page.locator('#refresh-fetch').check();
  const chosen = await visibleCode(page, 'refresh').getAttribute('data-language');
  report('without JavaScript a language can be chosen', chosen === 'fetch', chosen);
  const buttons = await page.locator('button').count();
  report('without JavaScript no button is dead', buttons === 0, buttons);
  await context.close();
}

async function lookAtEverything(page, gallery) {
  const pages = [
    ['docs', '/docs'],
    ['reference', options.reference],
    ['problems', '/docs/problems/'],
    ['problem', '/docs/problems/token-superseded'],
    ['guide', '/docs/guides/staying-signed-in'],
    ['inbox', '/dev/inbox'],
    ['reset', `/reset-password/${options.namespace}`],
    ['reset-with-token', `/reset-password/${options.namespace}#token=x`],
  ];
  for (const [name, address] of pages) {
    await page.setViewportSize(DESKTOP);
    await page.goto('about:blank');
    await page.goto(`${options.origin}${address}`, { waitUntil: 'networkidle' });
    await checkAccessibility(page, name, report);
    await gallery.photograph(page, name);
  }
}

const browser = await chromium.launch({ executablePath: options.browser, args: FLAGS, headless: true });
try {
  const context = await browser.newContext({ locale: 'en-US', viewport: DESKTOP });
  context.setDefaultTimeout(WAIT_MS);
  const witness = new Witness(context, options.origin);
  await witness.install(context);
  const page = await context.newPage();
  await findTheEndpoint(page);
  await chooseALanguage(page);
  await copyACode(page);
  await tryIt(page);
  // The browser itself logs a refused call, which the last one was.
  const errors = witness.takeConsoleErrors().filter((line) => !line.includes('Failed to load resource'));
  await useTheCookie(page);
  await lookAtEverything(page, new Gallery(options.screenshots, 'docs', report));
  errors.push(...witness.takeConsoleErrors());
  report('nothing is wrong in the console', errors.length === 0, errors.join('\n'));
  const { violations, strangers } = witness;
  report('no Content-Security-Policy is violated', violations.length === 0, violations.join('\n'));
  report('no page asks another host for anything', strangers.length === 0, strangers.join('\n'));
  await withoutJavaScript(browser);
} finally {
  await browser.close();
}
