/** One WebSocket that comes back by itself: back-off, a watchdog for silence, sleep and wake. */
import { backoffMs } from "@/live/backoff";
import type { Frame, Request } from "@/live/frames";

/** Two missed beats and some slack. */
const SILENCE_MS = 25_000;
const CONNECT_MS = 10_000;
/** A connection that lasted so long was a good one: the next failure is the first. */
const STEADY_MS = 2000;
const REFUSED_MS = 60_000;

export const FORBIDDEN = 4403;
const WENT_SILENT = 4000;

interface Ears {
  onFrame: (frame: Frame) => void;
  /** Also after each try that failed. */
  onClosed: (code: number) => void;
}

const address = (): string => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/console`;

export class LiveSocket {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private openedAt = 0;
  private heardAt = 0;

  private readonly ears: Ears;

  constructor(ears: Ears) {
    this.ears = ears;
  }

  start(): void {
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  stop(): void {
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.letGo();
  }

  send(request: Request): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(request));
  }

  /** The connection is no good: close it and come back. */
  restart(): void {
    this.letGo();
    this.closed(WENT_SILENT);
  }

  private readonly wake = (): void => {
    if (document.hidden) return;
    const silent = Date.now() - this.heardAt > SILENCE_MS;
    const waiting = this.socket === null;
    if (!waiting && !(this.socket?.readyState === WebSocket.OPEN && silent)) return;
    this.failures = 0;
    if (waiting) this.connect();
    else this.restart();
  };

  private connect(): void {
    this.letGo();
    const socket = new WebSocket(address());
    this.socket = socket;
    this.watch(CONNECT_MS);
    socket.onopen = () => {
      this.openedAt = Date.now();
      this.heard();
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      this.heard();
      this.ears.onFrame(JSON.parse(data) as Frame);
    };
    socket.onclose = ({ code }) => {
      this.letGo();
      this.closed(code);
    };
  }

  private heard(): void {
    this.heardAt = Date.now();
    this.watch(SILENCE_MS);
  }

  private watch(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.restart(), ms);
  }

  /** A socket whose network is gone may take minutes to say that it is closed: nobody waits for it. */
  private letGo(): void {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private closed(code: number): void {
    const steady = this.openedAt > 0 && Date.now() - this.openedAt > STEADY_MS;
    this.failures = steady ? 0 : this.failures + 1;
    this.openedAt = 0;
    const wait = code === FORBIDDEN ? REFUSED_MS : backoffMs(Math.max(0, this.failures - 1), Math.random());
    this.timer = setTimeout(() => this.connect(), wait);
    this.ears.onClosed(code);
  }
}
