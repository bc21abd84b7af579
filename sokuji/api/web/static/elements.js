// Short ways to the elements of a page.

/** The element with an id. */
export const at = (id) => document.getElementById(id);

/** Offer `[value, label]`s in a select, and choose one of them. */
export function offer(select, options, chosen) {
  select.replaceChildren(...options.map(([value, label]) => new Option(label, value, false, value === chosen)));
}

/** Save a file as the browser does with downloads. */
export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
