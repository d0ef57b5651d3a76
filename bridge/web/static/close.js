// Asks the LMS to close the frame or window that it opened for the registration (LTI Dynamic Registration, section 3.7).
// The message is the same for everybody, so whoever listens may have it.
(() => {
  const lms = window.opener || (window.parent === window ? null : window.parent);
  const close = () => (lms ? lms.postMessage({ subject: "org.imsglobal.lti.close" }, "*") : window.close());
  document.querySelector("[data-close]").addEventListener("click", close);
  if (lms && "now" in document.currentScript.dataset) close();
})();
