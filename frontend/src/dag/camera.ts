/** Pan and zoom over the board: screen = world × k + (x, y). */

export interface View {
  x: number;
  y: number;
  k: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  x: number;
  y: number;
}

export const ZOOM_MIN = 0.1;
export const ZOOM_MAX = 2;
/** At first sight labels stay readable. */
export const ZOOM_FIRST_MIN = 0.8;
export const MARGIN = 32;
/** Kept free at the top for the column headers. */
export const HEAD = 44;

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

/** Centred when it fits, otherwise from its start, so that one reads from the left. */
function rest(content: number, room: number, start: number): number {
  return content <= room ? start + (room - content) / 2 : start;
}

const roomOf = (port: Size): Size => ({
  width: port.width - 2 * MARGIN,
  height: port.height - HEAD - MARGIN,
});

function placed(content: Size, port: Size, k: number): View {
  const room = roomOf(port);
  return {
    k,
    x: Math.round(rest(content.width * k, room.width, MARGIN)),
    y: Math.round(rest(content.height * k, room.height, HEAD)),
  };
}

export function fit(content: Size, port: Size, least = ZOOM_MIN): View {
  const room = roomOf(port);
  const wanted = Math.min(room.width / Math.max(content.width, 1), room.height / Math.max(content.height, 1));
  return placed(content, port, clamp(wanted, least, 1));
}

/** Wide boards have to be panned anyway: they use the height at hand instead of shrinking further. */
export function firstSight(content: Size, port: Size): View {
  const whole = fit(content, port);
  if (whole.k >= ZOOM_FIRST_MIN) return whole;
  const k = fit({ width: 1, height: content.height }, port, ZOOM_FIRST_MIN).k;
  return placed(content, port, k);
}

export function zoomAt(view: View, factor: number, x: number, y: number): View {
  const k = clamp(view.k * factor, ZOOM_MIN, ZOOM_MAX);
  const ratio = k / view.k;
  return { k, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
}

function held(at: number, content: number, start: number, end: number): number {
  const other = end - content;
  return clamp(at, Math.min(start, other), Math.max(start, other));
}

/** What fits stays wholly in sight; what does not can be pushed as far as its ends. */
export function hold(view: View, content: Size, port: Size): View {
  return {
    k: view.k,
    x: held(view.x, content.width * view.k, MARGIN, port.width - MARGIN),
    y: held(view.y, content.height * view.k, HEAD, port.height - MARGIN),
  };
}

/** A scroll wheel moves only along the axes on which there is more to see. */
export function scrolled(view: View, dx: number, dy: number, content: Size, port: Size): View {
  const wide = content.width * view.k > port.width - 2 * MARGIN;
  const high = content.height * view.k > port.height - HEAD - MARGIN;
  const moved = { k: view.k, x: view.x - (wide ? dx : 0), y: view.y - (high ? dy : 0) };
  return hold(moved, content, port);
}

function shift(start: number, length: number, from: number, to: number): number {
  if (length > to - from || start < from) return from - start;
  return start + length > to ? to - start - length : 0;
}

/** The least pan that brings a rectangle wholly into sight. */
export function reveal(view: View, rect: Rect, port: Size): View {
  const dx = shift(rect.x * view.k + view.x, rect.width * view.k, MARGIN, port.width - MARGIN);
  const dy = shift(rect.y * view.k + view.y, rect.height * view.k, HEAD + 8, port.height - MARGIN);
  return { k: view.k, x: view.x + dx, y: view.y + dy };
}

/** The part of the world in sight, with a margin around. */
export function inSight(view: View, port: Size, around: number): Rect {
  return {
    x: (-view.x - around) / view.k,
    y: (-view.y - around) / view.k,
    width: (port.width + 2 * around) / view.k,
    height: (port.height + 2 * around) / view.k,
  };
}
