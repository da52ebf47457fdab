const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. What is shown reaches the page as text nodes and attribute values only, so nothing that an event
 * says can become markup. A function listens to the event of that name; `undefined` and `false` leave an attribute out.
 */
export function element(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

export function svgElement(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Changes a text only where it differs: what stays the same keeps its selection and is not announced again. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
