"use strict";
// Without script the button does the same.
document.querySelector("form.posting").requestSubmit();
