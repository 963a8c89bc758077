// What the journeys over a mailed link share. Their program takes one argument, a JSON object with origin, locale, email, password,
// namespace, browser, screenshots, and prints one JSON line for each check: {"claim", "ok", "detail"}.

import { chromium } from 'playwright-core';
import { Gallery } from './gallery.mjs';
import { Witness } from './witness.mjs';

export const options = JSON.parse(process.argv[2]);
export const api = `${options.origin}/api/${options.namespace}/auth`;
export const WAIT_MS = 30_000;

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export function report(claim, ok, detail) {
  console.log(JSON.stringify({ claim, ok: Boolean(ok), detail: ok ? undefined : detail }));
}

export function note(name, text) {
  console.log(JSON.stringify({ note: name, text }));
}

export async function post(endpoint, fields, headers = {}) {
  const response = await fetch(`${api}/${endpoint}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
  return { status: response.status, text: await response.text() };
}

export const signIn = (password) => post('sign-in', { email: options.email, password });

/** Waits until the inbox holds `count` mails; the newest comes first. */
export async function waitForMails(count) {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const mails = await (await fetch(`${options.origin}/dev/inbox.json`)).json();
    if (mails.length >= count) return mails;
    if (Date.now() > deadline) throw new Error(`the inbox holds ${mails.length} mail(s), ${count} awaited`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What stands in the console beside a refused fetch, which the browser itself logs. */
export function otherErrors(witness) {
  return witness.takeConsoleErrors().filter((line) => !line.includes('Failed to load resource'));
}

/** Takes the journey in a browser, and checks what no page on it may do; `journey` returns the link that was mailed. */
export async function travel(journey) {
  const browser = await chromium.launch({ executablePath: options.browser, args: FLAGS, headless: true });
  try {
    const context = await browser.newContext({ locale: options.locale });
    context.setDefaultTimeout(WAIT_MS);
    const witness = new Witness(context, options.origin);
    await witness.install(context);
    const link = await journey(context, witness, new Gallery(options.screenshots, options.locale, report));
    const { violations, strangers } = witness;
    report('no Content-Security-Policy is violated', violations.length === 0, violations.join('\n'));
    report('no page asks another host for anything', strangers.length === 0, strangers.join('\n'));
    const token = link.split('#token=')[1];
    const told = witness.urls.filter((url) => url.split('#')[0].includes(token));
    report('the token is in no requested address', told.length === 0, told.join('\n'));
  } finally {
    await browser.close();
  }
}
