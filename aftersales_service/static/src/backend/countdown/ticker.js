import { onMounted, onWillUnmount, reactive, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

const { DateTime } = luxon;
const INTERVAL = 30_000;

// One timer for every countdown on the page; it stops when the last one is gone.
const ticker = reactive({ now: DateTime.now() });
let users = 0;
let handle = null;

function start() {
    ticker.now = DateTime.now();
    handle = browser.setInterval(() => (ticker.now = DateTime.now()), INTERVAL);
}

/**
 * Re-render the component whenever the shared clock ticks.
 *
 * @returns {{ now: import("luxon").DateTime }}
 */
export function useTicker() {
    const state = useState(ticker);
    onMounted(() => {
        if (!users++) {
            start();
        }
    });
    onWillUnmount(() => {
        if (!--users) {
            browser.clearInterval(handle);
        }
    });
    return state;
}
