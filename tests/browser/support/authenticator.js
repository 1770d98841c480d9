// A passkey provider of one tab: Chromium's virtual authenticator.

const PLATFORM = {
  protocol: 'ctap2',
  ctap2Version: 'ctap2_1',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

export class Authenticator {
  #cdp;
  #id;

  constructor(cdp) {
    this.#cdp = cdp;
  }

  /** Puts an authenticator in, instead of the one before. */
  async insert(traits = {}) {
    await this.#cdp.send('WebAuthn.enable', { enableUI: false });
    await this.remove();
    const options = { ...PLATFORM, ...traits };
    const answer = await this.#cdp.send('WebAuthn.addVirtualAuthenticator', { options });
    this.#id = answer.authenticatorId;
  }

  async remove() {
    if (!this.#id) return;
    await this.#send('removeVirtualAuthenticator');
    this.#id = undefined;
  }

  async credentials() {
    return (await this.#send('getCredentials')).credentials;
  }

  /** Puts passkeys in that another tab made, as a provider that syncs them would. */
  async take(credentials, signCount) {
    for (const credential of credentials) {
      const put = { ...credential, signCount: signCount ?? credential.signCount };
      await this.#send('addCredential', { credential: put });
    }
  }

  /** Whether touching it happens by itself. */
  async touched(enabled) {
    await this.#send('setAutomaticPresenceSimulation', { enabled });
  }

  /** Whether the person is verified when asked, or turns away. */
  async verifies(isUserVerified) {
    await this.#send('setUserVerified', { isUserVerified });
  }

  /** Makes it lie: `isBadUV` clears the flag of user verification, `isBogusSignature` breaks it. */
  async lie(bits) {
    const honest = { isBogusSignature: false, isBadUV: false, isBadUP: false };
    await this.#send('setResponseOverrideBits', { ...honest, ...bits });
  }

  #send(command, words = {}) {
    return this.#cdp.send(`WebAuthn.${command}`, { authenticatorId: this.#id, ...words });
  }
}
