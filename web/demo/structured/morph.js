/* Changes an element into another one and keeps the parts that are equal, so that the focus, the selection and scroll
 * positions survive while an answer streams. */

function attributes(element, like) {
  for (const { name } of [...element.attributes]) if (!like.hasAttribute(name)) element.removeAttribute(name);
  for (const { name, value } of like.attributes)
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName;

/* `like` is used up. */
export function morph(element, like) {
  attributes(element, like);
  const wanted = [...like.childNodes];
  for (const [index, node] of wanted.entries()) {
    const old = element.childNodes[index];
    if (!old) element.append(node);
    else if (!isSame(old, node)) old.replaceWith(node);
    else if (node.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== node.data) old.data = node.data;
    } else morph(old, node);
  }
  while (element.childNodes.length > wanted.length) element.lastChild.remove();
}
