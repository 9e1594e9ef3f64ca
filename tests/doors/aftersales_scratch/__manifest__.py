{
    "name": "After-Sales Scratch",
    "summary": "Extends whatever the extending guide says can be extended",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Aftersales contributors",
    "license": "LGPL-3",
    "depends": ["aftersales_service"],
}
