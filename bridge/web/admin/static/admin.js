// What makes the pages quicker to use; every page works without it.

// Times in the reader's own zone; what the server wrote stays as the title.
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    time.title = time.textContent;
    time.textContent = moment.format(new Date(time.dateTime));
  }
}
localTimes(document);

// Buttons that copy a field. Where the clipboard is closed to us the field is selected, ready for the keyboard.
const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");
document.body.append(said);
for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.innerHTML;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.textContent = "Copied";
    said.textContent = `${field.labels[0].textContent} copied`;
    setTimeout(() => { button.innerHTML = words; }, 2000);
  });
}

// A box that ticks all boxes of its form, and counts them.
for (const all of document.querySelectorAll("input[data-all]")) {
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`)];
  const counts = document.querySelectorAll(`[data-count="${all.dataset.all}"]`);
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    for (const place of counts) place.textContent = ticked;
  };
  all.closest("[hidden]")?.removeAttribute("hidden");
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; count(); });
  for (const box of boxes) box.addEventListener("change", count);
  count();
}

// What cannot be undone is asked for once more, and no form goes twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.asks && !confirm(form.dataset.asks)) {
      event.preventDefault();
      return;
    }
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
}

// A filter by a choice needs no button.
for (const select of document.querySelectorAll("form.filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
