// Numbers, sizes and times as the reader's language writes them. Sizes are decimal (1 MB = 10^6 bytes), as SI has it.

export interface Format {
  /** Up to three significant decimals below 100, grouped digits above. */
  number: (value: number) => string;
  /** A rate or load: two decimals below ten, one below a hundred, none above. */
  rate: (value: number) => string;
  /** A share of one, in whole percent. */
  percent: (share: number) => string;
  bytes: (bytes: number) => string;
  /** A short span in the unit that leaves one to three digits: 420 µs, 1.8 ms, 3.2 s. */
  seconds: (seconds: number) => string;
  /** A long span in its two largest units: 3d 4h. */
  span: (seconds: number) => string;
  time: (date: Date) => string;
  dateTime: (date: Date) => string;
  /** A day; nothing for what is no date. */
  date: (date: Date) => string;
  /** Minutes before now on a time axis. */
  minutes: (minutes: number) => string;
}

const kByteUnits = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

export function makeFormat(tag: string): Format {
  const plain = new Intl.NumberFormat(tag, { maximumFractionDigits: 3 });
  const unit = (value: number, name: string, digits: number, display: "short" | "narrow" = "short") =>
    new Intl.NumberFormat(tag, {
      style: "unit",
      unit: name,
      unitDisplay: display,
      minimumFractionDigits: 0,
      maximumFractionDigits: digits,
    }).format(value);
  const clock = new Intl.DateTimeFormat(tag, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const calendar = new Intl.DateTimeFormat(tag, {
    dateStyle: "medium",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  const share100 = new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 0 });
  const day = new Intl.DateTimeFormat(tag, { dateStyle: "medium" });
  const valid = (date: Date) => !Number.isNaN(date.getTime());
  const glue = tag.startsWith("zh") ? "" : " ";

  return {
    number: (value) => plain.format(value),
    rate: (value) => {
      const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
      return new Intl.NumberFormat(tag, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(value);
    },
    percent: (share) => share100.format(share),
    bytes: (bytes) => {
      let value = bytes;
      let step = 0;
      while (value >= 999.5 && step < kByteUnits.length - 1) {
        value /= 1000;
        step++;
      }
      return unit(value, kByteUnits[step] ?? "byte", step === 0 || value >= 99.95 ? 0 : 1);
    },
    seconds: (seconds) => {
      if (seconds === 0) return unit(0, "second", 0);
      if (seconds < 0.0009995) return unit(seconds * 1e6, "microsecond", 0);
      if (seconds < 0.9995) return unit(seconds * 1e3, "millisecond", digitsFor(seconds * 1e3));
      return unit(seconds, "second", digitsFor(seconds));
    },
    span: (seconds) => {
      const whole = Math.max(0, Math.floor(seconds));
      const parts: [number, string][] = [
        [Math.floor(whole / 86_400), "day"],
        [Math.floor(whole / 3_600) % 24, "hour"],
        [Math.floor(whole / 60) % 60, "minute"],
        [whole % 60, "second"],
      ];
      const first = parts.findIndex(([value]) => value > 0);
      if (first < 0) return unit(0, "second", 0, "narrow");
      return parts
        .slice(first, first + 2)
        .filter(([value]) => value > 0)
        .map(([value, name]) => unit(value, name, 0, "narrow"))
        .join(glue);
    },
    time: (date) => clock.format(date),
    dateTime: (date) => (valid(date) ? calendar.format(date) : ""),
    date: (date) => (valid(date) ? day.format(date) : ""),
    minutes: (minutes) => unit(minutes, "minute", 0, "short"),
  };
}

function digitsFor(value: number): number {
  return value < 10 ? 2 : value < 100 ? 1 : 0;
}
