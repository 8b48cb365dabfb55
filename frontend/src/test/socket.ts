/** The server's side of a page's socket: opens, speaks and closes when the test says so. */
import { act } from "@testing-library/react";
import type { Frame, Request } from "@/live/frames";

export class FakeSocket {
  static readonly OPEN = 1;
  static readonly all: FakeSocket[] = [];

  readyState = 0;
  readonly sent: Request[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor() {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Request);
  }

  close(): void {
    this.readyState = 3;
  }

  /** Opens, and greets as a process of this epoch. */
  greet(epoch = "e1"): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
    this.tell({ type: "hello", epoch });
  }

  tell(frame: Frame): void {
    act(() => this.onmessage?.({ data: JSON.stringify(frame) }));
  }

  /** Closed by the server or by the network. */
  cut(code = 1006): void {
    this.readyState = 3;
    act(() => this.onclose?.({ code }));
  }

  topics(): string[] {
    return this.sent.flatMap((request) => (request.op === "subscribe" ? [request.topic] : []));
  }
}

export const lastSocket = (): FakeSocket | undefined => FakeSocket.all.at(-1);
