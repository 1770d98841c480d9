// People who have a passkey already, for stories that begin with one.

export class Passkeys {
  #credentials = new Map();
  #uses = 0;

  /** Enrols somebody by an invitation, in a browser that is not used again. */
  async enrol(visitor, upn) {
    const { tab, stack } = await visitor.somebodyElse();
    await tab.page.goto(await stack.invite(upn));
    await tab.sees('Welcome');
    await tab.press('Begin');
    await tab.register();
    this.#credentials.set(upn, await tab.authenticator.credentials());
  }

  /**
   * Puts somebody's passkey into a tab, enrolling them first if need be. The copy counts on from
   * far above the one before, so that it does not look like a clone.
   */
  async give(visitor, upn, tab = visitor.tab) {
    if (!this.#credentials.has(upn)) await this.enrol(visitor, upn);
    this.#uses += 1;
    await tab.authenticator.take(this.#credentials.get(upn), this.#uses * 1000);
  }
}
