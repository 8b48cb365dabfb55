/** Text to copy: a command, an id. */
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { cx } from "@/lib/cx";
import { shortId } from "@/lib/format";

const SHOWN_MS = 1500;

function useCopied(text: string): [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, () => void copyText(text).then(setCopied)];
}

export function Command({ text }: { text: string }) {
  const [copied, copy] = useCopied(text);
  return (
    <div className="group flex items-start gap-2 rounded-sm border border-line bg-sunken py-1.5 pr-1.5 pl-3 text-left">
      <code className="min-w-0 flex-1 py-0.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap text-ink">
        {text}
      </code>
      <button
        type="button"
        onClick={copy}
        className="inline-flex h-6 items-center gap-1 rounded-sm border border-line bg-surface px-1.5 text-xs text-body hover:text-ink"
      >
        {copied ? <Check className="size-3" aria-hidden /> : <Copy className="size-3" aria-hidden />}
        <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
      </button>
    </div>
  );
}

export function CopyId({ id, className }: { id: string; className?: string }) {
  const [copied, copy] = useCopied(id);
  return (
    <button
      type="button"
      onClick={copy}
      title={`Copy ${id}`}
      className={cx(
        "inline-flex items-center gap-1 rounded-sm font-mono text-xs text-muted hover:text-ink",
        className,
      )}
    >
      {copied ? "copied" : shortId(id)}
      {copied ? <Check className="size-3" aria-hidden /> : <Copy className="size-3" aria-hidden />}
    </button>
  );
}
