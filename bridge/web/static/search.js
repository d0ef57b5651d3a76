// The search above a long list of courses: shows those whose title or key holds every word that was typed.
"use strict";

(() => {
  const [box, field, found] = ["search-box", "search", "found"].map((id) => document.getElementById(id));
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const choices = [...document.querySelectorAll(".choice")].map((row) => ({ row, text: plain(row.textContent) }));

  function search() {
    const words = plain(field.value).split(/\s+/);
    for (const { row, text } of choices) {
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = choices.filter(({ row }) => !row.hidden).length;
    found.textContent = found.dataset.words.replace("{shown}", shown).replace("{total}", choices.length);
  }

  box.hidden = false;
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would send the form
  });
  search();
})();
