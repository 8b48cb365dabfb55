/** JSON to read and copy. */
import { Command } from "@/ui/Command";

const LIMIT = 20_000;

export function Json({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  if (text.length <= LIMIT) return <Command text={text} />;
  return (
    <>
      <Command text={text.slice(0, LIMIT)} />
      <p className="mt-1 text-xs text-muted">
        The first {LIMIT.toLocaleString("en")} of {text.length.toLocaleString("en")} characters.
      </p>
    </>
  );
}

export const isEmptyJson = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
