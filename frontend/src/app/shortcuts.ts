/** Keyboard shortcuts: a registry read by one listener; off in inputs and under dialogs. */
import { useEffect, useEffectEvent } from "react";

/** `j`, `?`, or two keys in a row as `g d`. */
export type Bindings = Record<string, () => void>;

const SEQUENCE_MS = 1000;
const STORAGE = "yardmaster.shortcuts";

const registered: ((combo: string) => boolean)[] = [];
let prefix = { key: "", at: 0 };

export const shortcutsEnabled = (): boolean => localStorage.getItem(STORAGE) !== "off";
export const setShortcutsEnabled = (on: boolean): void =>
  localStorage.setItem(STORAGE, on ? "on" : "off");

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  return target.closest("input, textarea, select, [contenteditable], [role=dialog], [role=menu]") !== null;
}

const isForOthers = (event: KeyboardEvent): boolean =>
  event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event);

/** Newest first: a page comes before the shell. */
const handled = (combo: string): boolean => registered.toReversed().some((offer) => offer(combo));

function onKeyDown(event: KeyboardEvent): void {
  if (isForOthers(event) || !shortcutsEnabled()) return;
  const sequence = `${prefix.key} ${event.key}`;
  const inTime = prefix.key !== "" && event.timeStamp - prefix.at < SEQUENCE_MS;
  prefix = { key: event.key, at: event.timeStamp };
  if ((inTime && handled(sequence)) || handled(event.key)) {
    event.preventDefault();
    prefix = { key: "", at: 0 };
  }
}

export function useShortcutListener(): void {
  useEffect(() => {
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}

export function useShortcuts(bindings: Bindings): void {
  const offer = useEffectEvent((combo: string) => {
    const act = bindings[combo];
    act?.();
    return act !== undefined;
  });
  useEffect(() => {
    const listener = (combo: string) => offer(combo);
    registered.push(listener);
    return () => {
      registered.splice(registered.indexOf(listener), 1);
    };
  }, []);
}
