/** A record as it ought to be after a step, with the requirement that decides; for judges that compare it with what is seen. */
export interface Wanted<Record> {
  /** Null for none. */
  record: Record | null
  /** What decided last. */
  rule: number
  /** By time: what decided of an event of that time. */
  readonly byTime: Map<number, number>
}

/** `time`: that of the event which decides; negative for none. */
export function want<Record>(
  records: Map<string, Wanted<Record>>,
  key: string,
  record: Record | null,
  rule: number,
  time: number,
): void {
  const known = records.get(key)
  const byTime = known?.byTime ?? new Map<number, number>()
  if (time >= 0 && !byTime.has(time)) byTime.set(time, rule)
  // What changed a record decides, rather than what left it as it was.
  const rests = known !== undefined && known.record === record
  records.set(key, { record, rule: rests ? known.rule : rule, byTime })
}

/** What decides of a record that is not as it ought to be: whatever was said by the time that it has now. */
export function blame<Record>(wanted: Wanted<Record> | undefined, time: number | null, otherwise: number): number {
  if (wanted === undefined) return otherwise
  return (time === null ? undefined : wanted.byTime.get(time)) ?? wanted.rule
}
