{
    "name": "After-Sales Surveys",
    "summary": "Satisfaction, callbacks and quality for after-sales cases",
    "version": "19.0.1.0.0",
    "category": "Services/After-Sales",
    "author": "Aftersales contributors",
    "license": "LGPL-3",
    "depends": ["aftersales_service", "survey", "digest", "spreadsheet_dashboard"],
}
