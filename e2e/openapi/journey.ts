// A client that knows the server by its OpenAPI document alone: sign in, who am I, refresh, sign out, and what a
// refusal looks like. It compiles only as long as the document says what the code below relies on.

import createClient, { type Middleware } from 'openapi-fetch';
import type { components, operations, paths } from './document.js';

declare const process: { argv: string[] };

const [baseUrl, email, password] = process.argv.slice(2) as [string, string, string];
const api = createClient<paths>({ baseUrl });

let accessToken: string | undefined;
const proof: Middleware = {
  onRequest({ request }) {
    if (accessToken !== undefined) request.headers.set('Authorization', `Bearer ${accessToken}`);
    return request;
  },
};
api.use(proof);

function must<T>(call: string, answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${call}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

function same(claim: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new Error(`${claim}: wanted ${String(wanted)}, got ${String(got)}`);
  console.log(`held: ${claim}`);
}

const signedIn = must('sign-in', await api.POST('/api/co/auth/sign-in', { body: { email, password } }));
accessToken = signedIn.access_token;
const user: components['schemas']['User'] = signedIn.user;
same('the user is the one who signed in', user.email, email);
const kind: 'bearer' = signedIn.token_type;
same('the token is of the kind that the document says', kind, 'bearer');

const me = must('me', await api.GET('/api/co/auth/me'));
same('me is the user of the sign-in', me.user.id, user.id);
const neverSignedIn: boolean = me.user.last_sign_in_at === null;
same('the last sign-in is known', neverSignedIn, false);

const without = must('refresh', await api.POST('/api/co/auth/refresh'));
accessToken = without.access_token;
const body = { refresh_token: signedIn.refresh_token };
const refreshed = must('refresh with a body', await api.POST('/api/co/auth/refresh', { body }));
same('a refresh leads to another refresh token', refreshed.refresh_token === signedIn.refresh_token, false);
accessToken = refreshed.access_token;

const { sessions } = must('sessions', await api.GET('/api/co/auth/sessions'));
const current = sessions.find((session) => session.current);
same('the session that asks is among the sessions', current !== undefined, true);

const signedOut = must('sign-out', await api.POST('/api/co/auth/sign-out', { body: { scope: 'local' } }));
same('the sign-out says so', signedOut.message, 'Sign-out successful.');

const refused = await api.GET('/api/co/auth/me');
same('after the sign-out nobody is let in', refused.response.status, 401);
// The document names the codes of this call, so a client can be told at compile time which there are.
type Codes = operations['coMe']['responses'][401]['content']['application/problem+json']['code'];
const code: Codes | undefined = refused.error?.status === 401 ? refused.error.code : undefined;
same('and the problem says why', code satisfies Codes | undefined, 'session_revoked');

const taken = await api.POST('/api/co/auth/sign-up', { body: { email, password } });
same('an address can have one account', taken.error?.code, 'email_taken');

// --- what must not compile: the types are the document's and not `any`

// @ts-expect-error a sign-in needs a password
void ((): unknown => api.POST('/api/co/auth/sign-in', { body: { email } }));
// @ts-expect-error there is no such scope
void ((): unknown => api.POST('/api/co/auth/sign-out', { body: { scope: 'everywhere' } }));
// @ts-expect-error there is no such call
void ((): unknown => api.GET('/api/co/auth/whoami'));
// @ts-expect-error a refresh does not answer with a user
void refreshed.user;
// @ts-expect-error no such problem
void (code === 'email_taken');
