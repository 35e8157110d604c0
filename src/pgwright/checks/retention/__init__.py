"""Checks of rows that outlived their purpose."""
