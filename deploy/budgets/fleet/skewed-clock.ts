// Loaded before everything else: sets the wall clock of this process wrong by FLEET_CLOCK_SKEW_MS.
// The monotonic clock and timers go on as they are, as on a machine whose clock was set wrong.
const skewMs = Number(process.env["FLEET_CLOCK_SKEW_MS"] ?? "0");
const trueNow = Date.now.bind(Date);

Date.now = () => trueNow() + skewMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now()] : args, newTarget) as object,
  apply: (target) => new target(target.now()).toString(),
});
Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + skewMs });
