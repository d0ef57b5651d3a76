// A login inside an LMS's frame: keep a secret where it can be found again after the launch.
//
// The platform may lend its own storage by messages between windows (1EdTech lti-pm-s, lti-cs-pm): lti.put_data and
// lti.get_data, answered by "<subject>.response". Both go to, and are believed from, the platform's origin alone.
"use strict";

(() => {
  const PATIENCE = 2000; // milliseconds until a platform that does not answer is taken for one that stores nothing
  const PATIENCE_FOR_PROOF = 10000; // without it the launch is refused, and a page that still loads answers late
  const PREFIXES = ["lti.", "org.imsglobal.lti."]; // the second is what some platforms still answer to

  const login = document.getElementById("login");
  const proof = document.getElementById("proof");

  if (login) begin(login.dataset);
  if (proof) prove(proof, proof.dataset);

  async function begin(page) {
    const stored = page.target && (await ask(page, "put_data", { value: page.secret })) === page.secret;
    if (stored || (await cookieCameBack(page.cookieCheck))) {
      location.replace(page.url);
      return;
    }
    document.getElementById("wait").hidden = true;
    document.getElementById("window").hidden = false;
    document.getElementById("open").focus();
  }

  async function prove(form, page) {
    form.elements.secret.value = (await ask(page, "get_data", {}, PATIENCE_FOR_PROOF)) || "";
    await ask(page, "put_data", { value: null }, 200); // it is needed once; storage is scarce
    form.submit();
  }

  async function cookieCameBack(address) {
    try {
      return (await fetch(address, { credentials: "include", cache: "no-store" })).ok;
    } catch {
      return false;
    }
  }

  // The value that the platform answers with, or null where it does not answer or refuses.
  async function ask(page, verb, fields, patience = PATIENCE) {
    const frame = storageFrame(page.target);
    if (!frame) return null;
    const answers = PREFIXES.map((prefix) => exchange(frame, page, `${prefix}${verb}`, fields, patience));
    const value = await Promise.any(answers).catch(() => null);
    return typeof value === "string" ? value : null;
  }

  function storageFrame(target) {
    const lms = window.parent !== window ? window.parent : window.opener;
    if (!lms || target === "_parent") return lms;
    try {
      return lms.frames[target] || lms;
    } catch {
      return lms; // the LMS is on another site, and has no frame of that name
    }
  }

  function exchange(frame, page, subject, fields, patience) {
    return new Promise((resolve, reject) => {
      const id = crypto.randomUUID();
      const timer = setTimeout(() => finish(reject), patience);
      function finish(end, value) {
        clearTimeout(timer);
        window.removeEventListener("message", hear);
        end(value);
      }
      function hear(event) {
        const said = event.data;
        const forUs = event.origin === page.platform && said !== null && typeof said === "object";
        if (!forUs || said.subject !== `${subject}.response` || said.message_id !== id) return;
        if (said.error || said.key !== page.key) finish(reject);
        else finish(resolve, said.value);
      }
      window.addEventListener("message", hear);
      frame.postMessage({ subject, message_id: id, key: page.key, ...fields }, page.platform);
    });
  }
})();
