import { _t } from "@web/core/l10n/translation";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/**
 * Say a duration in at most two units, coarser the longer it is.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function durationInWords(seconds) {
    const total = Math.abs(Math.floor(seconds));
    if (total < MINUTE) {
        return _t("less than a minute");
    }
    if (total < HOUR) {
        return _t("%(minutes)s min", { minutes: Math.floor(total / MINUTE) });
    }
    const hours = Math.floor(total / HOUR);
    const minutes = Math.floor((total % HOUR) / MINUTE);
    if (total < 6 * HOUR && minutes) {
        return _t("%(hours)s h %(minutes)s min", { hours, minutes });
    }
    if (total < 2 * DAY) {
        return _t("%(hours)s h", { hours });
    }
    return _t("%(days)s days", { days: Math.floor(total / DAY) });
}

/**
 * Say a duration exactly to the second.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function exactDuration(seconds) {
    const h = Math.floor(seconds / HOUR);
    const m = Math.floor((seconds % HOUR) / MINUTE);
    const s = seconds % MINUTE;
    const parts = [
        h && _t("%(h)s h", { h }),
        m && _t("%(m)s min", { m }),
        (s || !seconds) && _t("%(s)s s", { s }),
    ];
    return parts.filter(Boolean).join(" ");
}

/**
 * Judge a deadline at an instant.
 *
 * @param {{ deadline: import("luxon").DateTime|false,
 *           warningAt?: import("luxon").DateTime|false, paused?: boolean }} promise
 * @param {import("luxon").DateTime} now
 * @returns {{ level: "none"|"paused"|"on_time"|"at_risk"|"overdue", text: string }}
 */
export function judgeDeadline({ deadline, warningAt, paused }, now) {
    if (!deadline) {
        return paused
            ? { level: "paused", text: _t("paused") }
            : { level: "none", text: "" };
    }
    const seconds = deadline.diff(now).as("seconds");
    if (seconds < 0) {
        return {
            level: "overdue",
            text: _t("overdue by %(duration)s", { duration: durationInWords(seconds) }),
        };
    }
    return {
        level: warningAt && warningAt <= now ? "at_risk" : "on_time",
        text: _t("in %(duration)s", { duration: durationInWords(seconds) }),
    };
}

/**
 * Say how long ago an instant was.
 *
 * @param {import("luxon").DateTime} instant
 * @param {import("luxon").DateTime} now
 * @returns {string}
 */
export function agoInWords(instant, now) {
    const seconds = now.diff(instant).as("seconds");
    return seconds < MINUTE
        ? _t("just now")
        : _t("%(duration)s ago", { duration: durationInWords(seconds) });
}
