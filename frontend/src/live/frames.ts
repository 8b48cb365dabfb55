/** What travels over the socket, as the server writes it. */
import type { components } from "@/api/schema";

type Wire = components["schemas"];

export interface JobsPatch {
  changed: Wire["Job"][];
  removed: string[];
  /** Too many have changed to spell them out. */
  more: boolean;
}

export interface LogPatch {
  attempt: number;
  lines: Wire["TaskLine"][];
}

export interface TaskShare {
  id: string;
  progress: number;
}

export type TopicFrame =
  | { type: "events"; topic: string; events: Wire["Event"][] }
  | { type: "snapshot"; topic: string; seq: number; data: unknown }
  | { type: "progress"; topic: string; tasks: TaskShare[] }
  | { type: "patch"; topic: string; seq?: number; data: unknown }
  | { type: "reset"; topic: string; reason?: string };

export type Frame =
  | TopicFrame
  | { type: "hello"; epoch: string }
  | { type: "beat"; beat: number; heads: Record<string, number> }
  | { type: "error"; topic?: string; code: string };

export type Request =
  | { op: "subscribe"; topic: string; after?: number; tenant?: string }
  | { op: "unsubscribe"; topic: string }
  | { op: "ack"; beat: number };
