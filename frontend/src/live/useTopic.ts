/** A page's side of a topic: to want it, and to know whether it is live. */
import { useEffect, useSyncExternalStore } from "react";
import { useTenant } from "@/app/tenant";
import { connection } from "@/live/connection";
import { topics, type Use } from "@/live/topics";

/** Wants the topic while it is mounted; null wants nothing yet. */
export function useTopic(topic: string | null, use: Use): void {
  const tenant = useTenant();
  const text = JSON.stringify(use);
  useEffect(() => {
    if (topic === null) return undefined;
    return topics.want({ topic, tenant, use: JSON.parse(text) as Use });
  }, [topic, tenant, text]);
}

interface Wanted {
  topic: string;
  use: Use;
}

/** The same for several; whether all of them are live. */
export function useTopics(wanted: Wanted[]): boolean {
  const tenant = useTenant();
  const text = JSON.stringify(wanted);
  useEffect(() => {
    const ends = (JSON.parse(text) as Wanted[]).map((want) => topics.want({ ...want, tenant }));
    return () => ends.forEach((end) => end());
  }, [tenant, text]);
  return useSyncExternalStore(subscribe, () => wanted.every(({ topic }) => isStill(topic)));
}

function subscribe(listener: () => void): () => void {
  const ends = [connection.subscribe(listener), topics.onLive(listener)];
  return () => ends.forEach((end) => end());
}

const isStill = (topic: string): boolean => connection.isFrozen() || topics.isLive(topic);

/** Nothing has to be asked for: the socket brings it, or the view is frozen. */
export const useStill = (topic: string): boolean =>
  useSyncExternalStore(subscribe, () => isStill(topic));
