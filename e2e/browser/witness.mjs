// Watches one browser context: what pages log, what they ask for and from whom, and which rules they break.

/** Collects facts about every page of a context. `origin` is the only place that pages may speak to. */
export class Witness {
  constructor(context, origin) {
    this.origin = origin;
    this.consoleErrors = [];
    this.violations = [];
    this.strangers = [];
    this.urls = [];
    context.on('page', (page) => this.#watch(page));
  }

  /** Reports each Content-Security-Policy violation of every frame of the context. */
  async install(context) {
    await context.exposeBinding('reportViolation', (_, violation) => this.violations.push(violation));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        window.reportViolation(`${event.violatedDirective} blocked ${event.blockedURI} on ${event.documentURI}`);
      });
    });
  }

  #watch(page) {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      this.consoleErrors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.consoleErrors.push(`exception: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      this.urls.push(request.url());
      if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.origin !== this.origin) {
        this.strangers.push(request.url());
      }
    });
  }

  /** Takes what was logged since the last call. */
  takeConsoleErrors() {
    return this.consoleErrors.splice(0);
  }
}
