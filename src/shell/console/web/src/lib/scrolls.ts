// A part of the page that scrolls must be reachable by keyboard, or nobody without a mouse reads its end.

/** Lets an element take the focus, so that the arrow keys scroll it. */
export function scrolls(element: HTMLElement): void {
  element.tabIndex = 0;
}
