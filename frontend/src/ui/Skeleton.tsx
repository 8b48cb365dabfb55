/** The final shape in grey, shown once loading takes longer than 150 ms. */
import { cx } from "@/lib/cx";

export function Skeleton({ className }: { className?: string }) {
  return <div className={cx("rounded-sm bg-gray-200/70 dark:bg-gray-800/80", className)} />;
}

export function SkeletonRows({ rows }: { rows: number }) {
  return (
    <div className="animate-appear" aria-hidden>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex h-10 items-center gap-4 border-b border-line px-4">
          <Skeleton className="h-3 w-48" />
          <Skeleton className="h-5 w-20 rounded-full" />
          <Skeleton className="ml-auto h-3 w-12" />
          <Skeleton className="h-3 w-16" />
        </div>
      ))}
    </div>
  );
}
