// UTC days, counted from 1970-01-01 as day 0 and written 2030-12-31. Day 0 itself is never a date here:
// in entries it stands for 'no end'.

const MS_PER_DAY = 86_400_000;
const SECONDS_PER_DAY = 86_400;

/** 9999-12-31: the last day that four digits of a year can write. */
export const LAST_DAY = 2_932_896;

/** The number of a day written YYYY-MM-DD after 1970-01-01, or undefined when there is no such day. */
export function parseDay(text: string): number | undefined {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return undefined;
  const day = Date.parse(`${text}T00:00:00Z`) / MS_PER_DAY;
  return day > 0 && dayText(day) === text ? day : undefined;
}

/** A day as text: 2030-12-31. */
export function dayText(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** The UTC day of a time in seconds since 1970. */
export function dayOf(seconds: number): number {
  return Math.floor(seconds / SECONDS_PER_DAY);
}

/** True when what is kept until then (0 = no end) still counts on the day. */
export function isLiveOn(keepUntilDay: number, day: number): boolean {
  return keepUntilDay === 0 || day <= keepUntilDay;
}
