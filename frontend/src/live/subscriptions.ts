/** Keeps what the server was asked to tell the same as what the page wants to hear. */
import { Allowance, NEXT_MS } from "@/live/allowance";
import type { Request } from "@/live/frames";
import { topics, type Want } from "@/live/topics";

interface Parts {
  send: (request: Request) => void;
  /** Undefined where a topic has no place to go on from; null where it is not known yet. */
  afterOf: (want: Want) => number | null | undefined;
  onSubscribed: (want: Want) => void;
  onLeft: (topic: string) => void;
}

export class Subscriptions {
  private readonly parts: Parts;
  /** Topics the server knows of, each with its tenant. */
  private readonly sent = new Map<string, string | null>();
  /** Topics that are not asked for: the server refused them, or they are being read anew. */
  private readonly barred = new Set<string>();
  private readonly allowance = new Allowance();
  private open = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopListening: (() => void) | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  start(): void {
    this.stopListening = topics.onWants(() => this.reconcileIn(0));
  }

  stop(): void {
    this.stopListening?.();
    this.closed();
  }

  opened(): void {
    this.open = true;
    this.reconcile();
  }

  closed(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.open = false;
    this.sent.clear();
    this.allowance.refill();
    topics.setLive(new Set());
  }

  has = (topic: string): boolean => this.sent.has(topic);

  tenantOf = (topic: string): string | null => this.sent.get(topic) ?? null;

  /** The server no longer tells of it; not asked for again before `unbar`, or before nobody wants it. */
  bar(topic: string): void {
    this.sent.delete(topic);
    this.barred.add(topic);
    this.publish();
  }

  unbar(topic: string): void {
    this.barred.delete(topic);
    this.reconcileIn(0);
  }

  /** Ask once more, from where we are. */
  again(topic: string): void {
    this.sent.delete(topic);
    this.reconcile();
  }

  private reconcileIn(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.reconcile();
    }, ms);
  }

  private reconcile(): void {
    const wanted = new Map([...topics.wanted()].map((want) => [want.topic, want]));
    for (const topic of this.barred) if (!wanted.has(topic)) this.barred.delete(topic);
    if (!this.open) return;
    for (const [topic, tenant] of this.sent) {
      const want = wanted.get(topic);
      if (!want || want.tenant !== tenant) this.unsubscribe(topic, want);
    }
    for (const want of wanted.values()) {
      if (!this.sent.has(want.topic) && !this.barred.has(want.topic)) this.subscribe(want);
    }
    this.publish();
  }

  private unsubscribe(topic: string, want: Want | undefined): void {
    if (!this.mayAsk()) return;
    this.sent.delete(topic);
    if (!want) this.parts.onLeft(topic);
    this.parts.send({ op: "unsubscribe", topic });
  }

  private subscribe(want: Want): void {
    const { topic, tenant } = want;
    const after = this.parts.afterOf(want);
    if (after === null || !this.mayAsk()) return;
    this.sent.set(topic, tenant);
    const place = after === undefined ? {} : { after };
    this.parts.send({ op: "subscribe", topic, ...place, ...(tenant !== null && { tenant }) });
    this.parts.onSubscribed(want);
  }

  private mayAsk(): boolean {
    const may = this.allowance.take();
    if (!may) this.reconcileIn(NEXT_MS);
    return may;
  }

  private publish(): void {
    topics.setLive(new Set(this.sent.keys()));
  }
}
