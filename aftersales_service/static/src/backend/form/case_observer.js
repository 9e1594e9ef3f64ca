import { onWillUnmount, useComponent } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useBus } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";

/**
 * Call back when the form shows another case, or another version of the same one.
 *
 * @param {(resId: number) => Promise|void} callback
 */
export function useShownCase(callback) {
    const component = useComponent();
    let shown = null;
    let timer = null;
    useRecordObserver((record) => {
        const { data } = record;
        const key = JSON.stringify([
            record.resId,
            data.write_date,
            data.next_deadline,
            data.stage_id?.id,
            data.partner_id?.id,
            data.sale_order_id?.id,
        ]);
        if (key === shown || !record.resId || record.dirty) {
            return;
        }
        shown = key;
        browser.clearTimeout(timer);
        timer = browser.setTimeout(() => callback(record.resId));
    });
    useBus(component.env.bus, "AFTERSALES_CASE:CHANGED", ({ detail }) => {
        if (detail.id === component.props.record.resId) {
            callback(detail.id);
        }
    });
    onWillUnmount(() => browser.clearTimeout(timer));
}

export const shownCaseFields = [
    { name: "write_date", type: "datetime" },
    { name: "next_deadline", type: "datetime" },
    { name: "stage_id", type: "many2one", relation: "aftersales.stage" },
    { name: "partner_id", type: "many2one", relation: "res.partner" },
    { name: "sale_order_id", type: "many2one", relation: "sale.order" },
];
