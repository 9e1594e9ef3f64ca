"""Which policy applies?"""
