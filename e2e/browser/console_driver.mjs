// Drives the interactive console as a person does: an entry of its sidebar, its "Test Request", its "Send".

/** The console on a page that shows it. */
export class Console {
  constructor(page, { namespace }) {
    this.page = page;
    this.namespace = namespace;
  }

  /** Opens a call, sends it as its form stands, and returns the answer's status and what proved the caller. */
  async send(method, endpoint) {
    const path = `/api/${this.namespace}/auth/${endpoint}`;
    await this.page.locator(`a[href$="/${method}${path}"]`).first().click();
    const open = this.page.getByRole('button', { name: `Test Request (${method.toLowerCase()} ${path})` });
    await open.first().click();
    const answered = this.page.waitForResponse((response) => new URL(response.url()).pathname === path);
    await this.page.getByRole('button', { name: /^Send/ }).first().click();
    const response = await answered;
    const { authorization } = await response.request().allHeaders();
    await response.finished();
    await this.page.getByRole('button', { name: 'Close Client' }).click();
    await this.page.getByRole('button', { name: 'Close Client' }).waitFor({ state: 'hidden' });
    return { status: response.status(), authorization };
  }

  /** What the bar says, once it says this. */
  async barSays(text) {
    await this.page.waitForFunction((wanted) => {
      return document.getElementById('token-state').textContent.includes(wanted);
    }, text);
    return this.page.textContent('#token-state');
  }
}
