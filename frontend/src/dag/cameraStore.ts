/** The board's camera: listeners hear each frame, React only when the view leaves the drawn window. */
import {
  firstSight,
  fit,
  hold,
  inSight,
  reveal,
  scrolled,
  zoomAt,
  type Rect,
  type Size,
  type View,
} from "@/dag/camera";

/** Screen pixels drawn around the port, so that small pans need no new blocks. */
const AROUND = 300;

const contains = (outer: Rect, inner: Rect): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

export class CameraStore {
  view: View = { x: 0, y: 0, k: 1 };
  port: Size = { width: 0, height: 0 };
  content: Size = { width: 0, height: 0 };
  window: Rect = { x: 0, y: 0, width: 0, height: 0 };
  private seen = false;
  private kept: Rect | null = null;
  private frame: number | null = null;
  private readonly onView = new Set<() => void>();
  private readonly onWindow = new Set<() => void>();

  subscribe = (listener: () => void): (() => void) => {
    this.onView.add(listener);
    return () => this.onView.delete(listener);
  };

  subscribeWindow = (listener: () => void): (() => void) => {
    this.onWindow.add(listener);
    return () => this.onWindow.delete(listener);
  };

  getWindow = (): Rect => this.window;

  setContent(content: Size): void {
    this.content = content;
    this.settle();
  }

  setPort(port: Size): void {
    this.port = port;
    this.settle();
  }

  fit(): void {
    this.move(fit(this.content, this.port));
  }

  zoom(factor: number, x = this.port.width / 2, y = this.port.height / 2): void {
    this.move(hold(zoomAt(this.view, factor, x, y), this.content, this.port));
  }

  pan(dx: number, dy: number): void {
    const moved = { k: this.view.k, x: this.view.x + dx, y: this.view.y + dy };
    this.move(hold(moved, this.content, this.port));
  }

  /** False when there was nothing to scroll to. */
  scroll(dx: number, dy: number): boolean {
    const next = scrolled(this.view, dx, dy, this.content, this.port);
    if (next.x === this.view.x && next.y === this.view.y) return false;
    this.move(next);
    return true;
  }

  reveal(rect: Rect): void {
    this.move(reveal(this.view, rect, this.port));
  }

  /** Reveals a rectangle now and again whenever the port changes, until another is kept. */
  keep(rect: Rect | null): void {
    this.kept = rect;
    if (rect && this.seen) this.reveal(rect);
  }

  /** Puts a point of the world into the middle. */
  centre(x: number, y: number): void {
    const { k } = this.view;
    const moved = { k, x: this.port.width / 2 - x * k, y: this.port.height / 2 - y * k };
    this.move(hold(moved, this.content, this.port));
  }

  private settle(): void {
    if (this.port.width === 0 || this.content.width === 0) return;
    const view = this.seen ? hold(this.view, this.content, this.port) : firstSight(this.content, this.port);
    this.seen = true;
    this.move(this.kept ? reveal(view, this.kept, this.port) : view);
  }

  private move(view: View): void {
    this.view = view;
    if (!contains(this.window, inSight(view, this.port, 0)) || this.window.width > (this.port.width + 4 * AROUND) / view.k) {
      this.window = inSight(view, this.port, AROUND);
      for (const listener of this.onWindow) listener();
    }
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      for (const listener of this.onView) listener();
    });
  }
}
