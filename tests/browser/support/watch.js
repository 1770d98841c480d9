// What happens while a story runs: every document of ours as it was sent, every request, every
// complaint of the browser.

/** A document that our site sent. */
export class Document {
  constructor(url, status, headers, html) {
    Object.assign(this, { url, status, headers, html });
  }

  header(name) {
    return this.headers.find((header) => header.name.toLowerCase() === name)?.value;
  }

  get title() {
    return this.html.match(/<title>([^<]*)</)?.[1] ?? '';
  }
}

export class Watch {
  /** Documents of our site, in their order. */
  documents = [];
  /** Answers, as Playwright has them. */
  responses = [];
  /** Requests, as Playwright has them. */
  requests = [];
  /** Errors and warnings of the console, and exceptions nobody caught. */
  complaints = [];

  constructor(stack) {
    this.site = stack.ready.base_url;
    this.origins = new Set([
      stack.ready.base_url,
      stack.ready.entra_url,
      stack.ready.outbox_url,
      stack.ready.s3_endpoint,
      stack.portalUrl,
    ]);
  }

  follow(page) {
    page.on('request', (request) => this.requests.push(request));
    page.on('response', (response) => this.responses.push(response));
    page.on('console', (message) => this.#said(message));
    page.on('pageerror', (error) => this.complaints.push(`exception: ${error.stack ?? error}`));
  }

  /**
   * Reads documents on their way in. Playwright forgets the body of a page that leaves at once,
   * as the one does that posts itself.
   */
  async read(cdp) {
    cdp.on('Fetch.requestPaused', async (paused) => {
      const headers = paused.responseHeaders ?? [];
      const { requestId, responseStatusCode: status } = paused;
      const redirected = status >= 300 && status < 400;
      try {
        if (!redirected && status) {
          const { body, base64Encoded } = await cdp.send('Fetch.getResponseBody', { requestId });
          const html = base64Encoded ? Buffer.from(body, 'base64').toString() : body;
          this.documents.push(new Document(paused.request.url, status, headers, html));
        }
        await cdp.send('Fetch.continueRequest', { requestId });
      } catch {
        // The tab was closed meanwhile.
      }
    });
    const pattern = { urlPattern: `${this.site}/*`, requestStage: 'Response' };
    const patterns = [{ ...pattern, resourceType: 'Document' }];
    await cdp.send('Fetch.enable', { patterns });
  }

  /** Requests of documents of ours. */
  navigations() {
    const ours = (request) => request.url().startsWith(`${this.site}/`);
    return this.requests.filter((request) => request.isNavigationRequest() && ours(request));
  }

  /** `Set-Cookie` headers of our site. */
  async cookies() {
    const ours = this.responses.filter((response) => response.url().startsWith(`${this.site}/`));
    const headers = await Promise.all(ours.map((response) => response.headersArray()));
    const set = headers.flat().filter((header) => header.name.toLowerCase() === 'set-cookie');
    return set.flatMap((header) => header.value.split('\n'));
  }

  /** What was told to the simulated Entra. */
  answers() {
    return this.requests.filter((request) => request.url().endsWith('/login.srf'));
  }

  /** Requests to somebody that has no part in this. */
  strangers() {
    const urls = this.requests.map((request) => new URL(request.url()));
    const known = (url) => url.protocol === 'data:' || this.origins.has(url.origin);
    return urls.filter((url) => !known(url)).map(String);
  }

  #said(message) {
    if (!['error', 'warning'].includes(message.type())) return;
    const { url } = message.location();
    // A page that says no comes with a status that says no.
    const refusal = /^Failed to load resource: .* status of [45]\d\d/.test(message.text());
    const navigated = this.requests.some((r) => r.isNavigationRequest() && r.url() === url);
    if (refusal && navigated) return;
    this.complaints.push(`${message.type()}: ${message.text()} (${url})`);
  }
}
