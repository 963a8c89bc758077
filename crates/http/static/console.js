// The console: Scalar's API reference, told to ask nobody but this server, and to carry the access token from one call to
// the next. The token lives in this variable and is gone with the page; cookies are left out for the same reason.

const OWN_CALL = /^\/api\/([a-z][a-z0-9-]*)\/auth\/([a-z-]+)/;
const WITHOUT_TOKEN = new Set(['sign-in', 'sign-up', 'forgot-password', 'reset-password']);
const ENDS_SESSION = new Set(['sign-out', 'reset-password']);
const EMPTY = /^(bearer)?\s*$/i;

// Scalar's validators otherwise try whether they may evaluate code, which the policy of this page reports as a violation.
globalThis.__zod_globalConfig = { jitless: true };

const askBrowser = globalThis.fetch.bind(globalThis);
const state = document.getElementById('token-state');
const forget = document.getElementById('forget');
const signedOut = [...state.childNodes];
const tokens = new Map();

function show() {
  const names = [...tokens].map(([namespace, { email }]) => (email ? `${email} (${namespace})` : namespace));
  forget.hidden = names.length === 0;
  if (names.length === 0) state.replaceChildren(...signedOut);
  else state.textContent = `Signed in: ${names.join(', ')}. Every call carries the newest access token.`;
}

/** Learns from an answer: new tokens, or the end of a session. */
async function learn(namespace, endpoint, response) {
  if (!response.ok) return;
  if (ENDS_SESSION.has(endpoint)) tokens.delete(namespace);
  const body = await response.json().catch(() => ({}));
  if (typeof body?.access_token === 'string') {
    const email = body.user?.email ?? tokens.get(namespace)?.email;
    tokens.set(namespace, { token: body.access_token, email });
  }
  show();
}

globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const url = new URL(request.url);
  const call = url.origin === location.origin ? OWN_CALL.exec(url.pathname) : null;
  if (call === null) return askBrowser(request);
  const [, namespace, endpoint] = call;
  const headers = new Headers(request.headers);
  const held = tokens.get(namespace);
  // What somebody typed goes first; an empty form is nothing typed.
  if (EMPTY.test(headers.get('Authorization') ?? '')) {
    headers.delete('Authorization');
    if (held && !WITHOUT_TOKEN.has(endpoint)) headers.set('Authorization', `Bearer ${held.token}`);
  }
  const response = await askBrowser(new Request(request, { headers, credentials: 'omit' }));
  await learn(namespace, endpoint, response.clone());
  return response;
};

forget.addEventListener('click', () => {
  tokens.clear();
  show();
});

addEventListener('DOMContentLoaded', () => {
  globalThis.Scalar.createApiReference('#reference', {
    url: '/openapi.json',
    // Whatever address the document names, the console calls the server that it came from.
    servers: [{ url: location.origin }],
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: 'never',
    persistAuth: false,
    defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
    hiddenClients: {
      c: true, clojure: true, csharp: true, dart: true, fsharp: true, go: true, http: true, java: true, julia: true,
      kotlin: true, objc: true, ocaml: true, php: true, powershell: true, python: true, r: true, ruby: true, rust: true,
      swift: true, shell: ['wget', 'httpie'], js: ['jquery', 'xhr', 'ofetch'], node: ['undici', 'ofetch'],
    },
  });
});
