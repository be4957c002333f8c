"""Medical-record requests by mail. Start reading at `flow`."""
