"""What a policy said in each of its versions."""
