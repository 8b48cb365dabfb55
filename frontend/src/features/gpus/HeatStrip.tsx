/** The last hour of a card's memory, a cell a minute. A minute without a reading stays empty. */
import { useHistory } from "@/api/poolQueries";
import { HOUR_MS, strip } from "@/features/gpus/words";

interface Props {
  uuid: string;
  label: string;
}

export function HeatStrip({ uuid, label }: Props) {
  const { data, dataUpdatedAt } = useHistory(uuid, HOUR_MS);
  const cells = data ? strip(data, dataUpdatedAt) : [];
  const known = cells.filter((share) => share !== null);
  const most = known.length > 0 ? `at most ${Math.round(Math.max(...known) * 100)} %` : "nothing was read";
  return (
    <div role="img" aria-label={`${label} in the last hour: ${most}`} className="flex h-5 w-full gap-px">
      {cells.map((share, i) => (
        <span
          key={i}
          className={`min-w-0 flex-1 rounded-[1px] ${share === null ? "border border-dashed border-line" : "bg-blue-600 dark:bg-blue-400"}`}
          style={share === null ? undefined : { opacity: 0.12 + 0.88 * Math.min(1, share) }}
        />
      ))}
    </div>
  );
}
