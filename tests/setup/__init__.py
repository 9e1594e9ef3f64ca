"""The set-up program, without Odoo and without network."""
