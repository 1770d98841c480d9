// Runs one passkey ceremony and posts its credential. Nothing about a failure is sent anywhere.
'use strict';

(() => {
  const form = document.querySelector('form[data-ceremony]');
  const button = form.querySelector('button[type=submit]');
  const notice = document.getElementById('notice');
  const status = document.getElementById('status');
  const words = form.dataset;

  const decode = (text) => {
    const base64 = text.replace(/-/g, '+').replace(/_/g, '/');
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  };

  const encode = (buffer) => {
    const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
    return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };

  // For browsers that have passkeys but not yet the JSON methods of WebAuthn Level 3.
  const known = (list) => (list || []).map((entry) => ({ ...entry, id: decode(entry.id) }));

  const requestOptions = (json) =>
    PublicKeyCredential.parseRequestOptionsFromJSON
      ? PublicKeyCredential.parseRequestOptionsFromJSON(json)
      : {
          ...json,
          challenge: decode(json.challenge),
          allowCredentials: known(json.allowCredentials),
        };

  const creationOptions = (json) =>
    PublicKeyCredential.parseCreationOptionsFromJSON
      ? PublicKeyCredential.parseCreationOptionsFromJSON(json)
      : {
          ...json,
          challenge: decode(json.challenge),
          user: { ...json.user, id: decode(json.user.id) },
          excludeCredentials: known(json.excludeCredentials),
        };

  const toJson = (credential) => {
    if (credential.toJSON) return credential.toJSON();
    const { response } = credential;
    const answer = { clientDataJSON: encode(response.clientDataJSON) };
    for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (response[part]) answer[part] = encode(response[part]);
    }
    if (response.getTransports) answer.transports = response.getTransports();
    return {
      id: credential.id,
      rawId: encode(credential.rawId),
      type: credential.type,
      response: answer,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };

  const ask = () => {
    const json = JSON.parse(words.options);
    const options = json.publicKey || json;
    return words.ceremony === 'create'
      ? navigator.credentials.create({ publicKey: creationOptions(options) })
      : navigator.credentials.get({ publicKey: requestOptions(options) });
  };

  const say = (text) => {
    notice.className = 'notice';
    notice.textContent = text;
  };

  const explain = (error) => {
    switch (error && error.name) {
      case 'NotAllowedError':
      case 'AbortError':
      case 'TimeoutError':
        return words.cancelled;
      case 'InvalidStateError':
        return words.ceremony === 'create' ? words.known : words.failed;
      case 'ConstraintError':
      case 'NotSupportedError':
        return words.unverified;
      default:
        return words.failed;
    }
  };

  const ready = () => {
    button.disabled = false;
    button.removeAttribute('aria-busy');
    status.textContent = '';
    if (document.activeElement === document.body) button.focus();
  };

  if (!window.PublicKeyCredential || !navigator.credentials) {
    say(words.unsupported);
    return;
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    button.setAttribute('aria-busy', 'true');
    notice.textContent = '';
    status.textContent = words.waiting;
    try {
      const credential = await ask();
      form.elements.response.value = JSON.stringify(toJson(credential));
      status.textContent = words.sending;
      form.submit();
    } catch (error) {
      ready();
      say(explain(error));
    }
  });

  // A page that comes back from the browser's memory must not stay busy.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) ready();
  });

  ready();
})();
